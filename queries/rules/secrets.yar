rule Private_Key : secret
{
    meta:
        description = "A private key in PEM, with its content"
        source = "https://www.rfc-editor.org/rfc/rfc7468"
        severity = "medium"
    strings:
        $pem = /-----BEGIN ((RSA|EC|DSA|OPENSSH|ENCRYPTED) )?PRIVATE KEY-----(\r?\n|\\n)[A-Za-z0-9+\/=]{32}/
    condition:
        $pem
}

rule Access_Token : secret
{
    meta:
        description = "Tokens with a form of their own: of AWS, GitHub, GitLab, Slack, Stripe, npm, PyPI, Google and Vault"
        source = "https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns"
        severity = "medium"
    strings:
        $aws = /\b(AKIA|ASIA)[A-Z2-7]{16}\b/
        $github = /\bgh[pousr]_[A-Za-z0-9]{36}\b/
        $github_fine = /\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b/
        $gitlab = /\bglpat-[A-Za-z0-9_-]{20}/
        $slack = /\bxox[abprs]-[0-9]{8,14}-[A-Za-z0-9-]{16,72}/
        $stripe = /\b[rs]k_live_[A-Za-z0-9]{24,99}\b/
        $npm = /\bnpm_[A-Za-z0-9]{36}\b/
        $pypi = /\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,200}/
        $google = /\bAIza[A-Za-z0-9_-]{35}/
        $vault = /\bhvs\.[A-Za-z0-9_-]{90,120}/
    condition:
        any of them
}

rule Service_Account_Token : secret kubernetes
{
    meta:
        description = "A signed token that Kubernetes gave a service account (the claim iss or sub, in base64 at each of the three offsets)"
        source = "https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/"
        severity = "medium"
    strings:
        $jwt = /\beyJhbGciOi[A-Za-z0-9_-]{10,200}\.eyJ[A-Za-z0-9_-]{40,2000}\.[A-Za-z0-9_-]{80,800}/
        $claim = "kubernetes.io/serviceaccount" base64
        $claim_name = "system:serviceaccount:" base64
    condition:
        $jwt and any of ($claim, $claim_name)
}
