// Package vpc holds the resources of the official provider's module vpc: a security group's single rules.
package vpc

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
	"github.com/terraform-providers/terraform-provider-docker/lab/aws/plan"
)

// RuleArgs are a rule's inputs.
type RuleArgs struct {
	SecurityGroupId           string            `pulumi:"securityGroupId"`
	CidrIpv4                  *string           `pulumi:"cidrIpv4,optional"`
	CidrIpv6                  *string           `pulumi:"cidrIpv6,optional"`
	PrefixListId              *string           `pulumi:"prefixListId,optional"`
	ReferencedSecurityGroupId *string           `pulumi:"referencedSecurityGroupId,optional"`
	FromPort                  *int              `pulumi:"fromPort,optional"`
	ToPort                    *int              `pulumi:"toPort,optional"`
	IpProtocol                string            `pulumi:"ipProtocol"`
	Description               *string           `pulumi:"description,optional"`
	Tags                      map[string]string `pulumi:"tags,optional"`
}

// RuleState is what is known of it.
type RuleState struct {
	RuleArgs
	Arn                 string            `pulumi:"arn"`
	Region              string            `pulumi:"region"`
	SecurityGroupRuleId string            `pulumi:"securityGroupRuleId"`
	TagsAll             map[string]string `pulumi:"tagsAll"`
}

// protocols are the numbers that EC2 answers with their names, and the other way round.
var protocols = map[string]string{"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": "-1"}

func sameProtocol(a, b string) bool {
	name := func(protocol string) string {
		if known, ok := protocols[protocol]; ok {
			return known
		}
		return protocol
	}
	return name(a) == name(b)
}

func check(ctx context.Context, r infer.CheckRequest) (infer.CheckResponse[RuleArgs], error) {
	response, err := plan.Check[RuleArgs](ctx, r, "")
	if err != nil || len(response.Failures) > 0 {
		return response, err
	}
	sources := 0
	for _, property := range []string{"cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"} {
		if !r.NewInputs.Get(property).IsNull() {
			sources++
		}
	}
	if sources != 1 {
		plan.Fail(&response, "cidrIpv4", fmt.Sprintf("exactly one of cidrIpv4, cidrIpv6, prefixListId and "+
			"referencedSecurityGroupId must be set, not %d", sources))
	}
	return response, nil
}

var rules = plan.Rules{
	Replace: []string{"securityGroupId"}, Same: map[string]func(old, new string) bool{"ipProtocol": sameProtocol},
}

func wire(f infer.FieldSelector, args *RuleArgs, state *RuleState) {
	f.OutputField(&state.TagsAll).DependsOn(f.InputField(&args.Tags).Computed())
}

func (a RuleArgs) permission() types.IpPermission {
	permission := types.IpPermission{
		IpProtocol: aws.String(a.IpProtocol), FromPort: number(a.FromPort), ToPort: number(a.ToPort),
	}
	switch {
	case a.CidrIpv4 != nil:
		permission.IpRanges = []types.IpRange{{CidrIp: a.CidrIpv4, Description: a.Description}}
	case a.CidrIpv6 != nil:
		permission.Ipv6Ranges = []types.Ipv6Range{{CidrIpv6: a.CidrIpv6, Description: a.Description}}
	case a.PrefixListId != nil:
		permission.PrefixListIds = []types.PrefixListId{{PrefixListId: a.PrefixListId, Description: a.Description}}
	default:
		permission.UserIdGroupPairs = []types.UserIdGroupPair{{
			GroupId: a.ReferencedSecurityGroupId, Description: a.Description,
		}}
	}
	return permission
}

// find returns nil where there is no such rule.
func find(ctx context.Context, client *ec2.Client, id string) (*types.SecurityGroupRule, error) {
	found, err := client.DescribeSecurityGroupRules(ctx, &ec2.DescribeSecurityGroupRulesInput{
		SecurityGroupRuleIds: []string{id},
	})
	if config.HasCode(err, "InvalidSecurityGroupRuleId.NotFound", "InvalidGroup.NotFound") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for i, rule := range found.SecurityGroupRules {
		if aws.ToString(rule.SecurityGroupRuleId) == id { // an endpoint of the lab may not filter
			return &found.SecurityGroupRules[i], nil
		}
	}
	return nil, nil
}

func (s RuleState) refreshed(ctx context.Context, rule *types.SecurityGroupRule) RuleState {
	s.SecurityGroupId, s.SecurityGroupRuleId = aws.ToString(rule.GroupId), aws.ToString(rule.SecurityGroupRuleId)
	s.Arn, s.Region = aws.ToString(rule.SecurityGroupRuleArn), config.Region(ctx)
	if s.Arn == "" {
		s.Arn = config.ARN(ctx, aws.ToString(rule.GroupOwnerId), "security-group-rule/"+s.SecurityGroupRuleId)
	}
	s.CidrIpv4, s.CidrIpv6, s.PrefixListId = text(rule.CidrIpv4), text(rule.CidrIpv6), text(rule.PrefixListId)
	s.ReferencedSecurityGroupId = nil
	if rule.ReferencedGroupInfo != nil {
		s.ReferencedSecurityGroupId = text(rule.ReferencedGroupInfo.GroupId)
	}
	if protocol := aws.ToString(rule.IpProtocol); !sameProtocol(protocol, s.IpProtocol) {
		s.IpProtocol = protocol
	}
	s.FromPort, s.ToPort = port(rule.FromPort, s.FromPort), port(rule.ToPort, s.ToPort)
	if s.Description == nil || *s.Description != aws.ToString(rule.Description) {
		s.Description = text(rule.Description)
	}
	s.TagsAll = config.TagMap(rule.Tags)
	s.Tags = config.OwnTags(ctx, s.Tags, s.TagsAll)
	return s
}

// port leaves out the -1 by which EC2 says "any", where the program leaves it out too.
func port(actual *int32, program *int) *int {
	if actual == nil || *actual == -1 && program == nil {
		return nil
	}
	return aws.Int(int(*actual))
}

func text(value *string) *string {
	if aws.ToString(value) == "" {
		return nil
	}
	return value
}

func number(value *int) *int32 {
	if value == nil {
		return nil
	}
	return aws.Int32(int32(*value))
}
