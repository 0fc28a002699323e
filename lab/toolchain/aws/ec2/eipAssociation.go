package ec2

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
	"github.com/terraform-providers/terraform-provider-docker/lab/aws/plan"
)

// EipAssociation gives an elastic IP to an instance.
type EipAssociation struct{}

// EipAssociationArgs are its inputs.
type EipAssociationArgs struct {
	AllocationId       *string `pulumi:"allocationId,optional"`
	AllowReassociation *bool   `pulumi:"allowReassociation,optional"`
	InstanceId         *string `pulumi:"instanceId,optional"`
	NetworkInterfaceId *string `pulumi:"networkInterfaceId,optional"`
	PrivateIpAddress   *string `pulumi:"privateIpAddress,optional"`
	PublicIp           *string `pulumi:"publicIp,optional"`
}

// EipAssociationState is what is known of it.
type EipAssociationState struct {
	EipAssociationArgs
	Region string `pulumi:"region"`
}

// Annotate gives it the official token.
func (e *EipAssociation) Annotate(a infer.Annotator) {
	a.SetToken("ec2/eipAssociation", "EipAssociation")
}

// Check refuses unknown properties.
func (EipAssociation) Check(
	ctx context.Context, r infer.CheckRequest,
) (infer.CheckResponse[EipAssociationArgs], error) {
	return plan.Check[EipAssociationArgs](ctx, r, "")
}

// Diff replaces it for anything.
func (EipAssociation) Diff(
	ctx context.Context, _ infer.DiffRequest[EipAssociationArgs, EipAssociationState],
) (infer.DiffResponse, error) {
	computed := []string{"allocationId", "instanceId", "networkInterfaceId", "privateIpAddress", "publicIp"}
	return plan.Diff(ctx, plan.Rules{Replace: append(computed, "allowReassociation"), Computed: computed}), nil
}

// Create associates them.
func (EipAssociation) Create(
	ctx context.Context, r infer.CreateRequest[EipAssociationArgs],
) (infer.CreateResponse[EipAssociationState], error) {
	state := EipAssociationState{EipAssociationArgs: r.Inputs}
	if r.DryRun {
		return infer.CreateResponse[EipAssociationState]{Output: state}, nil
	}
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.CreateResponse[EipAssociationState]{}, err
	}
	a := r.Inputs
	made, err := client.AssociateAddress(ctx, &ec2.AssociateAddressInput{
		AllocationId: a.AllocationId, AllowReassociation: a.AllowReassociation, InstanceId: a.InstanceId,
		NetworkInterfaceId: a.NetworkInterfaceId, PrivateIpAddress: a.PrivateIpAddress, PublicIp: a.PublicIp,
	})
	if err != nil {
		return infer.CreateResponse[EipAssociationState]{}, failed("associating address", aws.ToString(a.AllocationId), err)
	}
	id := aws.ToString(made.AssociationId)
	address, err := findAssociated(ctx, client, id)
	if err == nil && address == nil {
		err = errGone
	}
	if err != nil {
		return infer.CreateResponse[EipAssociationState]{ID: id, Output: state}, partial("reading association", id, err)
	}
	return infer.CreateResponse[EipAssociationState]{ID: id, Output: state.refreshed(ctx, address)}, nil
}

// findAssociated returns nil where no address is so associated.
func findAssociated(ctx context.Context, client *ec2.Client, id string) (*types.Address, error) {
	found, err := client.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{
		Filters: []types.Filter{{Name: aws.String("association-id"), Values: []string{id}}},
	})
	if err != nil || len(found.Addresses) == 0 {
		return nil, err
	}
	return &found.Addresses[0], nil
}

func (s EipAssociationState) refreshed(ctx context.Context, address *types.Address) EipAssociationState {
	s.AllocationId, s.InstanceId = address.AllocationId, address.InstanceId
	s.NetworkInterfaceId, s.PublicIp = address.NetworkInterfaceId, address.PublicIp
	s.PrivateIpAddress, s.Region = address.PrivateIpAddress, config.Region(ctx)
	return s
}

// Read sees whether it is still there.
func (EipAssociation) Read(
	ctx context.Context, r infer.ReadRequest[EipAssociationArgs, EipAssociationState],
) (infer.ReadResponse[EipAssociationArgs, EipAssociationState], error) {
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.ReadResponse[EipAssociationArgs, EipAssociationState]{}, err
	}
	address, err := findAssociated(ctx, client, r.ID)
	if err != nil || address == nil {
		return infer.ReadResponse[EipAssociationArgs, EipAssociationState]{}, failed("reading association", r.ID, err)
	}
	state := EipAssociationState{EipAssociationArgs: r.Inputs}.refreshed(ctx, address)
	inputs := r.Inputs
	inputs.AllocationId = where(inputs.AllocationId, state.AllocationId)
	inputs.InstanceId = where(inputs.InstanceId, state.InstanceId)
	inputs.NetworkInterfaceId = where(inputs.NetworkInterfaceId, state.NetworkInterfaceId)
	inputs.PrivateIpAddress = where(inputs.PrivateIpAddress, state.PrivateIpAddress)
	inputs.PublicIp = where(inputs.PublicIp, state.PublicIp)
	return infer.ReadResponse[EipAssociationArgs, EipAssociationState]{ID: r.ID, Inputs: inputs, State: state}, nil
}

// Delete takes the address from the instance.
func (EipAssociation) Delete(
	ctx context.Context, r infer.DeleteRequest[EipAssociationState],
) (infer.DeleteResponse, error) {
	client, err := config.EC2(ctx)
	if err == nil {
		err = disassociate(ctx, client, r.ID)
	}
	return infer.DeleteResponse{}, failed("disassociating address", r.ID, err)
}

func disassociate(ctx context.Context, client *ec2.Client, association string) error {
	_, err := client.DisassociateAddress(ctx, &ec2.DisassociateAddressInput{AssociationId: aws.String(association)})
	if config.HasCode(err, "InvalidAssociationID.NotFound") {
		return nil
	}
	return err
}
