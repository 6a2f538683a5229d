"""Templates in the REST API: contracts, versions, previews, drafts, publishing."""
