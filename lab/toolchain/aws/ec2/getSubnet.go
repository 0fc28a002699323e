package ec2

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
)

// GetSubnet finds one subnet.
type GetSubnet struct{}

// GetSubnetArgs say which.
type GetSubnetArgs struct {
	ID               *string           `pulumi:"functionId,optional"`
	AvailabilityZone *string           `pulumi:"availabilityZone,optional"`
	CidrBlock        *string           `pulumi:"cidrBlock,optional"`
	DefaultForAz     *bool             `pulumi:"defaultForAz,optional"`
	Filters          []Filter          `pulumi:"filters,optional"`
	State            *string           `pulumi:"state,optional"`
	Tags             map[string]string `pulumi:"tags,optional"`
	VpcId            *string           `pulumi:"vpcId,optional"`
}

// GetSubnetResult is the subnet.
type GetSubnetResult struct {
	ID                          string            `pulumi:"functionId"`
	Arn                         string            `pulumi:"arn"`
	AssignIpv6AddressOnCreation bool              `pulumi:"assignIpv6AddressOnCreation"`
	AvailabilityZone            string            `pulumi:"availabilityZone"`
	AvailabilityZoneId          string            `pulumi:"availabilityZoneId"`
	AvailableIpAddressCount     int               `pulumi:"availableIpAddressCount"`
	CidrBlock                   string            `pulumi:"cidrBlock"`
	DefaultForAz                bool              `pulumi:"defaultForAz"`
	Filters                     []Filter          `pulumi:"filters,optional"`
	Ipv6CidrBlock               string            `pulumi:"ipv6CidrBlock"`
	Ipv6CidrBlockAssociationId  string            `pulumi:"ipv6CidrBlockAssociationId"`
	Ipv6Native                  bool              `pulumi:"ipv6Native"`
	MapPublicIpOnLaunch         bool              `pulumi:"mapPublicIpOnLaunch"`
	OwnerId                     string            `pulumi:"ownerId"`
	Region                      string            `pulumi:"region"`
	State                       string            `pulumi:"state"`
	Tags                        map[string]string `pulumi:"tags"`
	VpcId                       string            `pulumi:"vpcId"`
}

// Annotate gives it the official token.
func (f *GetSubnet) Annotate(a infer.Annotator) { a.SetToken("ec2/getSubnet", "getSubnet") }

// Invoke wants exactly one.
func (GetSubnet) Invoke(
	ctx context.Context, r infer.FunctionRequest[GetSubnetArgs],
) (infer.FunctionResponse[GetSubnetResult], error) {
	args := r.Input
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.FunctionResponse[GetSubnetResult]{}, err
	}
	input := &ec2.DescribeSubnetsInput{Filters: filters(args.Filters, args.Tags, map[string]*string{
		"availabilityZone": args.AvailabilityZone, "cidrBlock": args.CidrBlock, "defaultForAz": yes(args.DefaultForAz),
		"state": args.State, "vpc-id": args.VpcId,
	})}
	if args.ID != nil {
		input.SubnetIds = []string{*args.ID}
	}
	found, err := client.DescribeSubnets(ctx, input)
	if err == nil {
		err = one(len(found.Subnets), "Subnet")
	}
	if err != nil {
		return infer.FunctionResponse[GetSubnetResult]{}, failed("reading subnet", aws.ToString(args.ID), err)
	}
	subnet := found.Subnets[0]
	result := GetSubnetResult{
		ID: aws.ToString(subnet.SubnetId), Arn: aws.ToString(subnet.SubnetArn), Filters: args.Filters,
		AssignIpv6AddressOnCreation: aws.ToBool(subnet.AssignIpv6AddressOnCreation),
		AvailabilityZone:            aws.ToString(subnet.AvailabilityZone),
		AvailabilityZoneId:          aws.ToString(subnet.AvailabilityZoneId),
		AvailableIpAddressCount:     int(aws.ToInt32(subnet.AvailableIpAddressCount)),
		CidrBlock:                   aws.ToString(subnet.CidrBlock),
		DefaultForAz:                aws.ToBool(subnet.DefaultForAz),
		Ipv6Native:                  aws.ToBool(subnet.Ipv6Native),
		MapPublicIpOnLaunch:         aws.ToBool(subnet.MapPublicIpOnLaunch),
		OwnerId:                     aws.ToString(subnet.OwnerId),
		Region:                      config.Region(ctx),
		State:                       string(subnet.State),
		Tags:                        config.TagMap(subnet.Tags),
		VpcId:                       aws.ToString(subnet.VpcId),
	}
	for _, block := range subnet.Ipv6CidrBlockAssociationSet {
		if block.Ipv6CidrBlockState != nil && block.Ipv6CidrBlockState.State == "associated" {
			result.Ipv6CidrBlock = aws.ToString(block.Ipv6CidrBlock)
			result.Ipv6CidrBlockAssociationId = aws.ToString(block.AssociationId)
		}
	}
	return infer.FunctionResponse[GetSubnetResult]{Output: result}, nil
}
