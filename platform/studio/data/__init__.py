"""What the studio's pages ask for, as JSON: signed-in people only, with a right for each act."""
