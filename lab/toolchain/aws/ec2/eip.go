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

// Eip is an address that stays while the instances behind it come and go.
type Eip struct{}

// EipArgs are its inputs.
type EipArgs struct {
	Domain           *string           `pulumi:"domain,optional"`
	Instance         *string           `pulumi:"instance,optional"`
	NetworkInterface *string           `pulumi:"networkInterface,optional"`
	Tags             map[string]string `pulumi:"tags,optional"`
}

// EipState is what is known of it.
type EipState struct {
	EipArgs
	AllocationId       string            `pulumi:"allocationId"`
	Arn                string            `pulumi:"arn"`
	AssociationId      string            `pulumi:"associationId"`
	NetworkBorderGroup string            `pulumi:"networkBorderGroup"`
	PrivateIp          string            `pulumi:"privateIp"`
	PublicDns          string            `pulumi:"publicDns"`
	PublicIp           string            `pulumi:"publicIp"`
	PublicIpv4Pool     string            `pulumi:"publicIpv4Pool"`
	Region             string            `pulumi:"region"`
	TagsAll            map[string]string `pulumi:"tagsAll"`
}

// Annotate gives it the official token.
func (e *Eip) Annotate(a infer.Annotator) { a.SetToken("ec2/eip", "Eip") }

// Check refuses unknown properties.
func (Eip) Check(ctx context.Context, r infer.CheckRequest) (infer.CheckResponse[EipArgs], error) {
	return plan.Check[EipArgs](ctx, r, "")
}

// Diff replaces it for another domain only.
func (Eip) Diff(ctx context.Context, _ infer.DiffRequest[EipArgs, EipState]) (infer.DiffResponse, error) {
	return plan.Diff(ctx, plan.Rules{
		Replace: []string{"domain"}, Computed: []string{"domain", "instance", "networkInterface"},
	}), nil
}

// WireDependencies keeps the address known in the preview of an update: everything behind it hangs on it.
func (Eip) WireDependencies(f infer.FieldSelector, args *EipArgs, state *EipState) {
	f.OutputField(&state.TagsAll).DependsOn(f.InputField(&args.Tags).Computed())
	f.OutputField(&state.AssociationId).DependsOn(
		f.InputField(&args.Instance).Computed(), f.InputField(&args.NetworkInterface).Computed())
}

// Create allocates the address, and gives it to the instance where one is named.
func (Eip) Create(ctx context.Context, r infer.CreateRequest[EipArgs]) (infer.CreateResponse[EipState], error) {
	state := EipState{EipArgs: r.Inputs, TagsAll: config.AllTags(ctx, r.Inputs.Tags)}
	if r.DryRun {
		return infer.CreateResponse[EipState]{Output: state}, nil
	}
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.CreateResponse[EipState]{}, err
	}
	domain := types.DomainTypeVpc
	if state.Domain != nil {
		domain = types.DomainType(*state.Domain)
	}
	made, err := client.AllocateAddress(ctx, &ec2.AllocateAddressInput{
		Domain: domain, TagSpecifications: config.TagSpecification(types.ResourceTypeElasticIp, state.TagsAll),
	})
	if err != nil {
		return infer.CreateResponse[EipState]{}, failed("allocating address", r.Name, err)
	}
	id := aws.ToString(made.AllocationId)
	state.AllocationId, state.PublicIp = id, aws.ToString(made.PublicIp)
	if state.Instance != nil || state.NetworkInterface != nil {
		err = associate(ctx, client, id, state.EipArgs)
	}
	if err == nil {
		var address *types.Address
		if address, err = findAddress(ctx, client, id); address != nil {
			state = state.refreshed(ctx, address)
		}
	}
	if err != nil {
		return infer.CreateResponse[EipState]{ID: id, Output: state}, partial("setting up address", id, err)
	}
	return infer.CreateResponse[EipState]{ID: id, Output: state}, nil
}

func associate(ctx context.Context, client *ec2.Client, id string, args EipArgs) error {
	_, err := client.AssociateAddress(ctx, &ec2.AssociateAddressInput{
		AllocationId: aws.String(id), InstanceId: args.Instance, NetworkInterfaceId: args.NetworkInterface,
		AllowReassociation: aws.Bool(true),
	})
	return err
}

// findAddress returns nil where there is none.
func findAddress(ctx context.Context, client *ec2.Client, id string) (*types.Address, error) {
	found, err := client.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{AllocationIds: []string{id}})
	if config.HasCode(err, "InvalidAllocationID.NotFound", "InvalidAddress.NotFound") {
		return nil, nil
	}
	if err != nil || len(found.Addresses) == 0 {
		return nil, err
	}
	return &found.Addresses[0], nil
}

func (s EipState) refreshed(ctx context.Context, address *types.Address) EipState {
	s.Domain = aws.String(string(address.Domain))
	s.Instance = aws.String(aws.ToString(address.InstanceId))
	s.NetworkInterface = aws.String(aws.ToString(address.NetworkInterfaceId))
	s.AllocationId, s.AssociationId = aws.ToString(address.AllocationId), aws.ToString(address.AssociationId)
	s.PublicIp, s.PrivateIp = aws.ToString(address.PublicIp), aws.ToString(address.PrivateIpAddress)
	s.NetworkBorderGroup, s.Region = aws.ToString(address.NetworkBorderGroup), config.Region(ctx)
	s.PublicIpv4Pool = aws.ToString(address.PublicIpv4Pool)
	s.PublicDns = publicDNS(s.Region, s.PublicIp)
	s.Arn = config.ARN(ctx, "", "elastic-ip/"+s.AllocationId)
	s.TagsAll = config.TagMap(address.Tags)
	s.Tags = config.OwnTags(ctx, s.Tags, s.TagsAll)
	return s
}

// Read sees whether it is still there and what it is like.
func (Eip) Read(
	ctx context.Context, r infer.ReadRequest[EipArgs, EipState],
) (infer.ReadResponse[EipArgs, EipState], error) {
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.ReadResponse[EipArgs, EipState]{}, err
	}
	address, err := findAddress(ctx, client, r.ID)
	if err != nil || address == nil {
		return infer.ReadResponse[EipArgs, EipState]{}, failed("reading address", r.ID, err)
	}
	state := EipState{EipArgs: r.Inputs}.refreshed(ctx, address)
	inputs := EipArgs{Tags: state.Tags}
	inputs.Domain = where(r.Inputs.Domain, state.Domain)
	inputs.Instance = where(r.Inputs.Instance, state.Instance)
	inputs.NetworkInterface = where(r.Inputs.NetworkInterface, state.NetworkInterface)
	return infer.ReadResponse[EipArgs, EipState]{ID: r.ID, Inputs: inputs, State: state}, nil
}

// Update gives the address to another instance, and changes the tags.
func (Eip) Update(
	ctx context.Context, r infer.UpdateRequest[EipArgs, EipState],
) (infer.UpdateResponse[EipState], error) {
	state := r.State
	state.EipArgs, state.TagsAll = r.Inputs, config.AllTags(ctx, r.Inputs.Tags)
	state.Domain = or(state.Domain, r.State.Domain)
	state.Instance = or(state.Instance, r.State.Instance)
	state.NetworkInterface = or(state.NetworkInterface, r.State.NetworkInterface)
	if r.DryRun {
		return infer.UpdateResponse[EipState]{Output: state}, nil
	}
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.UpdateResponse[EipState]{}, err
	}
	moved := r.Inputs.Instance != nil && *r.Inputs.Instance != aws.ToString(r.State.Instance) ||
		r.Inputs.NetworkInterface != nil && *r.Inputs.NetworkInterface != aws.ToString(r.State.NetworkInterface)
	if moved {
		err = associate(ctx, client, r.ID, r.Inputs)
	}
	if err == nil {
		err = config.UpdateTags(ctx, client, r.ID, r.State.TagsAll, state.TagsAll)
	}
	if err == nil {
		var address *types.Address
		if address, err = findAddress(ctx, client, r.ID); address != nil {
			state = state.refreshed(ctx, address)
		}
	}
	return infer.UpdateResponse[EipState]{Output: state}, failed("updating address", r.ID, err)
}

// Delete takes the address from whatever has it, and gives it back.
func (Eip) Delete(ctx context.Context, r infer.DeleteRequest[EipState]) (infer.DeleteResponse, error) {
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.DeleteResponse{}, err
	}
	address, err := findAddress(ctx, client, r.ID)
	if err != nil || address == nil {
		return infer.DeleteResponse{}, failed("releasing address", r.ID, err)
	}
	if address.AssociationId != nil {
		err = disassociate(ctx, client, *address.AssociationId)
	}
	if err == nil {
		_, err = client.ReleaseAddress(ctx, &ec2.ReleaseAddressInput{AllocationId: aws.String(r.ID)})
	}
	if config.HasCode(err, "InvalidAllocationID.NotFound") {
		err = nil
	}
	return infer.DeleteResponse{}, failed("releasing address", r.ID, err)
}
