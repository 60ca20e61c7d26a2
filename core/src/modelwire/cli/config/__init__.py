"""`modelwire config`: read and change the configuration file."""
