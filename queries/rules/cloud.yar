rule Cloud_Metadata_Call : cloud
{
    meta:
        description = "A request to the metadata service of a cloud for the credentials of the machine"
        source = "https://attack.mitre.org/techniques/T1552/005/"
        severity = "medium"
    strings:
        $aws = /169\.254\.169\.254\/latest\/(meta-data\/iam\/security-credentials|dynamic\/instance-identity|api\/token|user-data)/
        $gcp = /(metadata\.google\.internal|169\.254\.169\.254)\/computeMetadata\/v1\/(instance\/service-accounts|project\/attributes)/
        $azure = /169\.254\.169\.254\/metadata\/(identity\/oauth2\/token|instance)\?/
        $ecs = /169\.254\.170\.2\/v[0-9]\/credentials/
        $alibaba = /100\.100\.100\.200\/latest\/meta-data\/ram\/security-credentials/
        $request = /GET \/latest\/meta-data\/iam\/security-credentials[^\r\n]{0,200} HTTP\/1\.[01]\r\n/
    condition:
        any of them
}

rule Container_Escape_Tool : escape
{
    meta:
        description = "Files and commands of known ways out of a container: the release agent of cgroups, core patterns, the engine's socket"
        source = "https://attack.mitre.org/techniques/T1611/"
        severity = "high"
    strings:
        $agent = /\/release_agent['"]?\s{0,4}(\n|;|&&|$)/
        $notify = /echo\s{1,4}1\s{0,4}>\s{0,4}[^\n]{1,80}\/notify_on_release/
        $pattern = /echo\s{1,4}[^\n]{0,80}\|[^\n]{1,120}>\s{0,4}\/proc\/sys\/kernel\/core_pattern/
        $socket = /curl\s[^\n]{0,80}--unix-socket\s{1,4}\S{0,40}(docker|containerd|podman)\.sock\s[^\n]{0,120}\/(exec|containers\/create)/
        $nsenter = /nsenter\s{1,4}[^\n]{0,40}(-t|--target)[ =]{1,2}1\s[^\n]{0,60}(--mount|-m)\b/
    condition:
        ($agent and $notify) or any of ($pattern, $socket, $nsenter)
}
