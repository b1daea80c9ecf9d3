"""What a person looks at: tables on the terminal and pictures of samples."""
