"""The demo corpus: pictures drawn and passages written for this project, and questions about them."""
