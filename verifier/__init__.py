"""What a receiver runs to check a document without trusting any server: library and `saegim-verify`."""
