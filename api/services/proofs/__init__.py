"""What a database can prove about itself; each module proves one subject of one village."""
