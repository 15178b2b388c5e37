registered=$(sh app-registration.sh) && eval "$registered" &&
  ARM_CLIENT_SECRET=$(az ad app credential reset --id "$ARM_CLIENT_ID" --append --display-name terraform \
    --end-date "$(date -u -d '+30 days' +%Y-%m-%d 2>/dev/null || date -u -v+30d +%Y-%m-%d)" --query password --output tsv) &&
  export ARM_CLIENT_SECRET
