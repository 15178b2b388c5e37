# Of the emulator's sample tenant (entra-emulator --sample-tenant). For a tenant of your own, replace every value here.
office_name          = "Zurich office"
office_ip_ranges     = ["198.51.100.0/25", "2001:db8:a11:100::/56"]
break_glass_group_id = "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"

staff = [
  "adele.vance@contoso.example",
  "alex.wilber@contoso.example",
  "isaiah.langer@contoso.example",
  "johanna.lorenz@contoso.example",
  "miriam.o'hara@contoso.example",
]
