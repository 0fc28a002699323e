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

// SecurityGroupEgressRule says what may leave a security group's machines.
type SecurityGroupEgressRule struct{}

// Annotate gives it the official token.
func (s *SecurityGroupEgressRule) Annotate(a infer.Annotator) {
	a.SetToken("vpc/securityGroupEgressRule", "SecurityGroupEgressRule")
}

// Check wants one source or destination.
func (SecurityGroupEgressRule) Check(
	ctx context.Context, r infer.CheckRequest,
) (infer.CheckResponse[RuleArgs], error) {
	return check(ctx, r)
}

// Diff replaces it only for another group.
func (SecurityGroupEgressRule) Diff(
	ctx context.Context, _ infer.DiffRequest[RuleArgs, RuleState],
) (infer.DiffResponse, error) {
	return plan.Diff(ctx, rules), nil
}

// WireDependencies keeps what an update cannot change known in its preview.
func (SecurityGroupEgressRule) WireDependencies(f infer.FieldSelector, args *RuleArgs, state *RuleState) {
	wire(f, args, state)
}

// Create adds the rule to its group.
func (SecurityGroupEgressRule) Create(
	ctx context.Context, r infer.CreateRequest[RuleArgs],
) (infer.CreateResponse[RuleState], error) {
	return create(ctx, r, authorizeEgress)
}

func authorizeEgress(
	ctx context.Context, client *ec2.Client, args RuleArgs, tags []types.TagSpecification,
) ([]types.SecurityGroupRule, error) {
	made, err := client.AuthorizeSecurityGroupEgress(ctx, &ec2.AuthorizeSecurityGroupEgressInput{
		GroupId: aws.String(args.SecurityGroupId), IpPermissions: []types.IpPermission{args.permission()},
		TagSpecifications: tags,
	})
	if err != nil {
		return nil, err
	}
	return made.SecurityGroupRules, nil
}

// Read sees whether it is still there and what it is like.
func (SecurityGroupEgressRule) Read(
	ctx context.Context, r infer.ReadRequest[RuleArgs, RuleState],
) (infer.ReadResponse[RuleArgs, RuleState], error) {
	return read(ctx, r, true)
}

// Update changes it in place.
func (SecurityGroupEgressRule) Update(
	ctx context.Context, r infer.UpdateRequest[RuleArgs, RuleState],
) (infer.UpdateResponse[RuleState], error) {
	return update(ctx, r)
}

// Delete takes it from its group.
func (SecurityGroupEgressRule) Delete(
	ctx context.Context, r infer.DeleteRequest[RuleState],
) (infer.DeleteResponse, error) {
	client, err := config.EC2(ctx)
	if err == nil {
		_, err = client.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{
			GroupId: aws.String(r.State.SecurityGroupId), SecurityGroupRuleIds: []string{r.ID},
		})
	}
	return remove(r, err)
}
