package decode

import (
	"bytes"
	"fmt"
	"path"

	"github.com/ckexport/ckexport/schema"
)

// cniResult is what a CNI plugin answered about one network. Podman kept a list
// of them in network.status until version 4. Source: CNI specification,
// "ADD Success", of 0.3.0 to 1.0.0, and of 0.2.0 the two addresses; Podman 3
// libpod/container_internal_linux.go, exportCheckpoint.
type cniResult struct {
	Interfaces []struct {
		Name string `json:"name"`
		MAC  string `json:"mac"`
		// Sandbox is the network namespace; it is empty for the host's ends.
		Sandbox string `json:"sandbox"`
	} `json:"interfaces"`
	IPs []struct {
		Address   string `json:"address"` // with the length of its prefix
		Gateway   string `json:"gateway"`
		Interface *int   `json:"interface"` // position in Interfaces
	} `json:"ips"`
	IP4 *cniAddress `json:"ip4"`
	IP6 *cniAddress `json:"ip6"`
}

type cniAddress struct {
	Address string `json:"ip"`
	Gateway string `json:"gateway"`
}

// networkStatusRows returns the addresses of network.status, in either form.
func (s *imageSet) networkStatusRows() (rows []schema.ContainerNetwork) {
	if bytes.HasPrefix(bytes.TrimLeft(s.metadataFile("network.status"), " \t\r\n"), []byte("[")) {
		var results []cniResult
		s.decodeJSON("network.status", &results)
		for i := range results {
			rows = s.appendCNIRows(rows, &results[i])
		}
		return rows
	}
	var status networkStatus
	s.decodeJSON("network.status", &status)
	return status.rows()
}

// appendCNIRows adds a row for each address of a result, and one for each of
// the container's interfaces without any. Results do not name their network.
func (s *imageSet) appendCNIRows(rows []schema.ContainerNetwork, r *cniResult) []schema.ContainerNetwork {
	hasAddress := map[int]bool{}
	for i, ip := range r.IPs {
		row := schema.ContainerNetwork{Origin: "network_status"}
		switch n := ip.Interface; {
		case n == nil:
		case *n < 0 || *n >= len(r.Interfaces):
			s.container.memberProblem(path.Join(s.base(), "network.status"), Warning, DanglingReference,
				fmt.Sprintf("address %d is of interface %d, which is not listed", i, *n))
		default:
			hasAddress[*n] = true
			row.InterfaceName, row.MACAddress = nonEmpty(r.Interfaces[*n].Name), nonEmpty(r.Interfaces[*n].MAC)
		}
		rows = append(rows, withSubnet(row, ip.Address, ip.Gateway))
	}
	for _, ip := range []*cniAddress{r.IP4, r.IP6} {
		if ip != nil {
			rows = append(rows, withSubnet(schema.ContainerNetwork{Origin: "network_status"}, ip.Address, ip.Gateway))
		}
	}
	for n, i := range r.Interfaces {
		if i.Sandbox != "" && !hasAddress[n] {
			rows = append(rows, schema.ContainerNetwork{Origin: "network_status", InterfaceName: nonEmpty(i.Name), MACAddress: nonEmpty(i.MAC)})
		}
	}
	return rows
}
