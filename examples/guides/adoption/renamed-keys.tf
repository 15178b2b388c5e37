# The resource and its keys have other names from now on; the users are the same.
moved {
  from = entramfa_user_mfa_state.staff
  to   = entramfa_user_mfa_state.employees
}

moved {
  from = entramfa_user_mfa_state.employees["adele.vance@contoso.example"]
  to   = entramfa_user_mfa_state.employees["E1001"]
}

moved {
  from = entramfa_user_mfa_state.employees["megan.bowen@contoso.example"]
  to   = entramfa_user_mfa_state.employees["E1002"]
}

moved {
  from = entramfa_user_mfa_state.employees["diego.siciliani@contoso.example"]
  to   = entramfa_user_mfa_state.employees["E1003"]
}

resource "entramfa_user_mfa_state" "employees" {
  for_each = {
    E1001 = "adele.vance@contoso.example"
    E1002 = "megan.bowen@contoso.example"
    E1003 = "diego.siciliani@contoso.example"
  }

  user_principal_name = each.value
  state               = "enabled"
}
