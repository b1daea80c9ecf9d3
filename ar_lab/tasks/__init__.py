"""The verbs of the command, one function a file: each takes the checked config and prints the path of what it wrote."""
