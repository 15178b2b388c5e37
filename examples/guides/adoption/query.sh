# what there is
terraform query

# the same as configuration, with import blocks
terraform query -generate-config-out=generated.tf

# nothing to add, nothing to change
terraform plan
