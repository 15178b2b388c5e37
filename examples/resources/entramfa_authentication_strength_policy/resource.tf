# Security keys of two models and certificates of one issuer; nothing else satisfies the strength.
resource "entramfa_authentication_strength_policy" "administrators" {
  display_name         = "Keys and cards for administrators"
  description          = "Security keys that we hand out, and our smart cards."
  allowed_combinations = ["fido2", "x509CertificateMultiFactor"]

  combination_configurations = {
    fido2 = [{
      applies_to_combinations = ["fido2"]
      allowed_aaguids         = ["2fc0579f-8113-47ea-b116-bb5a8db9202a", "fa2b99dc-9e39-4257-8f92-4a30d23c4118"]
    }]
    x509_certificate = [{
      applies_to_combinations = ["x509CertificateMultiFactor"]
      allowed_issuer_skis     = ["9a4248c6ac8c2931ab2a86537818e92e7b6c97b6"]
    }]
  }
}

# MFA without text messages and phone calls.
resource "entramfa_authentication_strength_policy" "no_telephony" {
  display_name = "MFA without telephony"
  allowed_combinations = [
    "fido2",
    "windowsHelloForBusiness",
    "deviceBasedPush",
    "temporaryAccessPassOneTime",
    "password,microsoftAuthenticatorPush",
    "password,softwareOath",
  ]
}
