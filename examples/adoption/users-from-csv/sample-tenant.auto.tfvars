# Of the emulator's sample tenant (entra-emulator --sample-tenant). For a tenant of your own, replace the value here.
break_glass_group_id = "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"
