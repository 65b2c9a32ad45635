"""What training decides, without reading or writing anything."""
