// Stands for the state backends that are modules of their own in Terraform's repository; ../go.mod says why. What it imports is required there.
module github.com/hashicorp/terraform/internal/backend/remote-state

go 1.26.8
