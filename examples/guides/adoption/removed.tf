# In place of the resources: the users stay as they are, and Terraform forgets them.
removed {
  from = entramfa_user_mfa_state.existing

  lifecycle {
    destroy = false
  }
}
