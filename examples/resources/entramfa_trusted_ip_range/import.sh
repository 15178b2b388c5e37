# the id of the location and the range, joined by a slash
terraform import entramfa_trusted_ip_range.vpn e5f9a3c7-4b2d-4e6f-8c80-2b3c4d5e6f01/198.51.100.17/32
