package iam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
	"github.com/terraform-providers/terraform-provider-docker/lab/aws/plan"
)

// RolePolicyAttachment lets a role do what a policy says.
type RolePolicyAttachment struct{}

// RolePolicyAttachmentArgs are its inputs.
type RolePolicyAttachmentArgs struct {
	PolicyArn string `pulumi:"policyArn"`
	Role      string `pulumi:"role"`
}

// RolePolicyAttachmentState is what is known of it.
type RolePolicyAttachmentState struct {
	RolePolicyAttachmentArgs
}

// Annotate gives it the official token.
func (r *RolePolicyAttachment) Annotate(a infer.Annotator) {
	a.SetToken("iam/rolePolicyAttachment", "RolePolicyAttachment")
}

// Check refuses unknown properties.
func (RolePolicyAttachment) Check(
	ctx context.Context, r infer.CheckRequest,
) (infer.CheckResponse[RolePolicyAttachmentArgs], error) {
	return plan.Check[RolePolicyAttachmentArgs](ctx, r, "")
}

// Diff replaces it for anything.
func (RolePolicyAttachment) Diff(
	ctx context.Context, _ infer.DiffRequest[RolePolicyAttachmentArgs, RolePolicyAttachmentState],
) (infer.DiffResponse, error) {
	return plan.Diff(ctx, plan.Rules{Replace: []string{"policyArn", "role"}}), nil
}

// Create attaches the policy.
func (RolePolicyAttachment) Create(
	ctx context.Context, r infer.CreateRequest[RolePolicyAttachmentArgs],
) (infer.CreateResponse[RolePolicyAttachmentState], error) {
	state := RolePolicyAttachmentState{r.Inputs}
	if r.DryRun {
		return infer.CreateResponse[RolePolicyAttachmentState]{Output: state}, nil
	}
	client, err := config.IAM(ctx)
	if err == nil {
		_, err = client.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{
			PolicyArn: aws.String(state.PolicyArn), RoleName: aws.String(state.Role),
		})
	}
	if err != nil {
		return infer.CreateResponse[RolePolicyAttachmentState]{}, failed("attaching policy to role", state.Role, err)
	}
	id, err := resource.NewUniqueHex(state.Role+"-", 26, 0)
	return infer.CreateResponse[RolePolicyAttachmentState]{ID: id, Output: state}, err
}

// Read sees whether it is still there.
func (RolePolicyAttachment) Read(
	ctx context.Context, r infer.ReadRequest[RolePolicyAttachmentArgs, RolePolicyAttachmentState],
) (infer.ReadResponse[RolePolicyAttachmentArgs, RolePolicyAttachmentState], error) {
	gone := infer.ReadResponse[RolePolicyAttachmentArgs, RolePolicyAttachmentState]{}
	client, err := config.IAM(ctx)
	if err != nil {
		return gone, err
	}
	pages := iam.NewListAttachedRolePoliciesPaginator(client, &iam.ListAttachedRolePoliciesInput{
		RoleName: aws.String(r.State.Role),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if isGone(err) {
			return gone, nil
		}
		if err != nil {
			return gone, failed("reading policies of role", r.State.Role, err)
		}
		for _, policy := range page.AttachedPolicies {
			if aws.ToString(policy.PolicyArn) == r.State.PolicyArn {
				return infer.ReadResponse[RolePolicyAttachmentArgs, RolePolicyAttachmentState]{
					ID: r.ID, Inputs: r.Inputs, State: r.State,
				}, nil
			}
		}
	}
	return gone, nil
}

// Delete detaches the policy.
func (RolePolicyAttachment) Delete(
	ctx context.Context, r infer.DeleteRequest[RolePolicyAttachmentState],
) (infer.DeleteResponse, error) {
	client, err := config.IAM(ctx)
	if err == nil {
		_, err = client.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{
			PolicyArn: aws.String(r.State.PolicyArn), RoleName: aws.String(r.State.Role),
		})
	}
	if isGone(err) {
		err = nil
	}
	return infer.DeleteResponse{}, failed("detaching policy from role", r.State.Role, err)
}
