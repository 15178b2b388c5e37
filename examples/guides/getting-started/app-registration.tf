# Two identities: one that can only read, for plans of pull requests and drift jobs, and one that can write, for the apply.
terraform {
  required_providers {
    azuread = {
      source  = "hashicorp/azuread"
      version = "~> 3.0"
    }
  }
}

locals {
  repository = "contoso/identity"

  read = ["User.Read.All", "Policy.Read.All", "GroupMember.Read.All"]
  write = [
    "Policy.ReadWrite.AuthenticationMethod",
    "Policy.ReadWrite.ConditionalAccess",
  ]

  identities = {
    plan = {
      permissions = local.read
      # Pull requests, and the scheduled job on the main branch.
      subjects = {
        pull-request = "repo:${local.repository}:pull_request"
        main         = "repo:${local.repository}:ref:refs/heads/main"
      }
    }
    apply = {
      permissions = concat(local.read, local.write)
      # Only jobs of this environment, which has required reviewers.
      subjects = { production = "repo:${local.repository}:environment:production" }
    }
  }

  grants = merge([for name, identity in local.identities : {
    for permission in identity.permissions : "${name}/${permission}" => { identity = name, permission = permission }
  }]...)
  credentials = merge([for name, identity in local.identities : {
    for title, subject in identity.subjects : "${name}/${title}" => { identity = name, title = title, subject = subject }
  }]...)
}

data "azuread_application_published_app_ids" "well_known" {}

resource "azuread_service_principal" "graph" {
  client_id    = data.azuread_application_published_app_ids.well_known.result["MicrosoftGraph"]
  use_existing = true
}

resource "azuread_application" "mfa" {
  for_each     = local.identities
  display_name = "MFA as code (${each.key})"

  required_resource_access {
    resource_app_id = azuread_service_principal.graph.client_id

    dynamic "resource_access" {
      for_each = each.value.permissions
      content {
        id   = azuread_service_principal.graph.app_role_ids[resource_access.value]
        type = "Role"
      }
    }
  }
}

resource "azuread_service_principal" "mfa" {
  for_each  = local.identities
  client_id = azuread_application.mfa[each.key].client_id
}

# This is the admin consent.
resource "azuread_app_role_assignment" "mfa" {
  for_each            = local.grants
  app_role_id         = azuread_service_principal.graph.app_role_ids[each.value.permission]
  principal_object_id = azuread_service_principal.mfa[each.value.identity].object_id
  resource_object_id  = azuread_service_principal.graph.object_id
}

# GitHub Actions signs in without a secret.
resource "azuread_application_federated_identity_credential" "mfa" {
  for_each       = local.credentials
  application_id = azuread_application.mfa[each.value.identity].id
  display_name   = each.value.title
  audiences      = ["api://AzureADTokenExchange"]
  issuer         = "https://token.actions.githubusercontent.com"
  subject        = each.value.subject
}

output "client_ids" {
  value = { for name, app in azuread_application.mfa : name => app.client_id }
}
