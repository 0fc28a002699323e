// Command pulumi-resource-aws stands in for Pulumi's aws plugin where that cannot be had: the resources and functions
// below, under the tokens and property names of @pulumi/aws, as a thin client of any EC2 and IAM endpoint.
//
// It knows no others. The engine reports an unknown resource, Check an unknown property, so a program that needs more
// than this fails before anything is made.
package main

import (
	"context"
	"fmt"
	"os"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
	"github.com/terraform-providers/terraform-provider-docker/lab/aws/ebs"
	"github.com/terraform-providers/terraform-provider-docker/lab/aws/ec2"
	"github.com/terraform-providers/terraform-provider-docker/lab/aws/iam"
	"github.com/terraform-providers/terraform-provider-docker/lab/aws/plan"
	"github.com/terraform-providers/terraform-provider-docker/lab/aws/vpc"
)

const (
	name    = "aws"
	version = "7.48.0" // the release of @pulumi/aws whose behaviour this has
)

func provider() (p.Provider, error) {
	provider, err := infer.NewProviderBuilder().
		WithNamespace("pulumi").
		WithConfig(infer.Config(config.Config{})).
		WithResources(
			infer.Resource(ec2.KeyPair{}),
			infer.Resource(ec2.SecurityGroup{}),
			infer.Resource(vpc.SecurityGroupIngressRule{}),
			infer.Resource(vpc.SecurityGroupEgressRule{}),
			infer.Resource(ec2.Instance{}),
			infer.Resource(ec2.Eip{}),
			infer.Resource(ec2.EipAssociation{}),
			infer.Resource(ebs.Volume{}),
			infer.Resource(ec2.VolumeAttachment{}),
			infer.Resource(iam.Role{}),
			infer.Resource(iam.RolePolicyAttachment{}),
			infer.Resource(iam.InstanceProfile{}),
		).
		WithFunctions(
			infer.Function(&ec2.GetAmi{}),
			infer.Function(&ec2.GetInstanceType{}),
			infer.Function(&ec2.GetInstanceTypeOfferings{}),
			infer.Function(&ec2.GetVpc{}),
			infer.Function(&ec2.GetSubnets{}),
			infer.Function(&ec2.GetSubnet{}),
		).
		Build()
	provider = plan.WithConfigDiff(provider, plan.Rules{Replace: []string{"region"}})
	return plan.WithRawDiff(plan.WithIDs(provider)), err
}

func main() {
	provider, err := provider()
	if err == nil {
		err = provider.Run(context.Background(), name, version)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
