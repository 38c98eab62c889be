rule Stratum_Protocol : miner network
{
    meta:
        description = "Messages of the Stratum protocol, by which miners get work from a pool"
        source = "https://reference.cash/mining/stratum-protocol"
        severity = "high"
    strings:
        $subscribe = "\"mining.subscribe\""
        $authorize = "\"mining.authorize\""
        $notify = "\"mining.notify\""
        $submit = "\"mining.submit\""
        $login = /"method":\s{0,4}"login",\s{0,4}"params":\s{0,4}\{\s{0,4}"login":/
        $job = /"method":\s{0,4}"job",\s{0,4}"params":\s{0,4}\{\s{0,4}"blob":/
    condition:
        2 of ($subscribe, $authorize, $notify, $submit) or any of ($login, $job)
}

rule Miner_Program : miner
{
    meta:
        description = "Configuration and messages of common mining programs"
        source = "https://attack.mitre.org/techniques/T1496/"
        severity = "high"
    strings:
        $url = /stratum\+(tcp|ssl|tls|udp):\/\/[a-z0-9.-]{4,120}:[0-9]{2,5}/ nocase
        $level = "--donate-level" fullword
        $donate = "\"donate-level\""
        $randomx = "randomx" nocase fullword
        $cryptonight = "cryptonight" nocase
        $xmrig = "xmrig" nocase fullword
        $speed = "speed 10s/60s/15m"
        $pools = "\"pools\""
    condition:
        $url or 3 of ($level, $donate, $randomx, $cryptonight, $xmrig, $speed, $pools)
}
