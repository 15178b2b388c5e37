import {
  to = entramfa_trusted_ip_range.vpn
  identity = {
    location_id = "e5f9a3c7-4b2d-4e6f-8c80-2b3c4d5e6f01"
    ip_range    = "198.51.100.17/32"
  }
}
