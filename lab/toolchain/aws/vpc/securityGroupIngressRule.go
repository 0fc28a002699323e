package vpc

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
	"github.com/terraform-providers/terraform-provider-docker/lab/aws/plan"
)

// SecurityGroupIngressRule says what may reach a security group's machines.
type SecurityGroupIngressRule struct{}

// Annotate gives it the official token.
func (s *SecurityGroupIngressRule) Annotate(a infer.Annotator) {
	a.SetToken("vpc/securityGroupIngressRule", "SecurityGroupIngressRule")
}

// Check wants one source or destination.
func (SecurityGroupIngressRule) Check(
	ctx context.Context, r infer.CheckRequest,
) (infer.CheckResponse[RuleArgs], error) {
	return check(ctx, r)
}

// Diff replaces it only for another group.
func (SecurityGroupIngressRule) Diff(
	ctx context.Context, _ infer.DiffRequest[RuleArgs, RuleState],
) (infer.DiffResponse, error) {
	return plan.Diff(ctx, rules), nil
}

// WireDependencies keeps what an update cannot change known in its preview.
func (SecurityGroupIngressRule) WireDependencies(f infer.FieldSelector, args *RuleArgs, state *RuleState) {
	wire(f, args, state)
}

// Create adds the rule to its group.
func (SecurityGroupIngressRule) Create(
	ctx context.Context, r infer.CreateRequest[RuleArgs],
) (infer.CreateResponse[RuleState], error) {
	return create(ctx, r, authorizeIngress)
}

func authorizeIngress(
	ctx context.Context, client *ec2.Client, args RuleArgs, tags []types.TagSpecification,
) ([]types.SecurityGroupRule, error) {
	made, err := client.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: aws.String(args.SecurityGroupId), IpPermissions: []types.IpPermission{args.permission()},
		TagSpecifications: tags,
	})
	if err != nil {
		return nil, err
	}
	return made.SecurityGroupRules, nil
}

// Read sees whether it is still there and what it is like.
func (SecurityGroupIngressRule) Read(
	ctx context.Context, r infer.ReadRequest[RuleArgs, RuleState],
) (infer.ReadResponse[RuleArgs, RuleState], error) {
	return read(ctx, r, false)
}

// Update changes it in place.
func (SecurityGroupIngressRule) Update(
	ctx context.Context, r infer.UpdateRequest[RuleArgs, RuleState],
) (infer.UpdateResponse[RuleState], error) {
	return update(ctx, r)
}

// Delete takes it from its group.
func (SecurityGroupIngressRule) Delete(
	ctx context.Context, r infer.DeleteRequest[RuleState],
) (infer.DeleteResponse, error) {
	client, err := config.EC2(ctx)
	if err == nil {
		_, err = client.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{
			GroupId: aws.String(r.State.SecurityGroupId), SecurityGroupRuleIds: []string{r.ID},
		})
	}
	return remove(r, err)
}
