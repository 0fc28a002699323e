package config

import (
	"net"
	"net/url"
)

// notInALab says why the configuration leads elsewhere than to an endpoint of a lab, which is on this computer or in its
// private networks; it is empty where it leads there. AWS itself is for the official plugin: what a stand-in makes there
// may be wrong, and costs money.
func (c Config) notInALab() string {
	const remedy = "the stand-in aws plugin serves the lab alone: run the stack with ./scripts/up --lab, or where " +
		"Pulumi's official plugins can be downloaded"
	var ec2, iam bool
	for _, endpoint := range c.Endpoints {
		for _, address := range []*string{endpoint.Ec2, endpoint.Iam, endpoint.Sts, endpoint.Ssm} {
			if address != nil && !isNear(*address) {
				return remedy + "; " + *address + " is no endpoint of a lab"
			}
		}
		ec2, iam = ec2 || endpoint.Ec2 != nil, iam || endpoint.Iam != nil
	}
	if !ec2 || !iam {
		return remedy + "; without endpoints for ec2 and iam this is AWS"
	}
	return ""
}

func isNear(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil {
		return false
	}
	if parsed.Hostname() == "localhost" {
		return true
	}
	ip := net.ParseIP(parsed.Hostname())
	return ip != nil && (ip.IsLoopback() || ip.IsPrivate())
}
