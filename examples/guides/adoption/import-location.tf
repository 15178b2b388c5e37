import {
  to = entramfa_trusted_ips.headquarters
  id = "Headquarters"
}
