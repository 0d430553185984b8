"""What the images are made of: licences, a bill of materials, known weaknesses, and no secret among the files."""
