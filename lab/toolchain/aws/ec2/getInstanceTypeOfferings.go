package ec2

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
)

// GetInstanceTypeOfferings tells where which instance types can be had.
type GetInstanceTypeOfferings struct{}

// GetInstanceTypeOfferingsArgs say of which types, and whether by region or by zone.
type GetInstanceTypeOfferingsArgs struct {
	Filters      []Filter `pulumi:"filters,optional"`
	LocationType *string  `pulumi:"locationType,optional"`
}

// GetInstanceTypeOfferingsResult has one entry in each list for each offering.
type GetInstanceTypeOfferingsResult struct {
	ID            string   `pulumi:"functionId"`
	Filters       []Filter `pulumi:"filters,optional"`
	InstanceTypes []string `pulumi:"instanceTypes"`
	LocationType  *string  `pulumi:"locationType,optional"`
	LocationTypes []string `pulumi:"locationTypes"`
	Locations     []string `pulumi:"locations"`
	Region        string   `pulumi:"region"`
}

// Annotate gives it the official token.
func (f *GetInstanceTypeOfferings) Annotate(a infer.Annotator) {
	a.SetToken("ec2/getInstanceTypeOfferings", "getInstanceTypeOfferings")
}

// Invoke keeps the order of the service.
func (GetInstanceTypeOfferings) Invoke(
	ctx context.Context, r infer.FunctionRequest[GetInstanceTypeOfferingsArgs],
) (infer.FunctionResponse[GetInstanceTypeOfferingsResult], error) {
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.FunctionResponse[GetInstanceTypeOfferingsResult]{}, err
	}
	result := GetInstanceTypeOfferingsResult{
		ID: config.Region(ctx), Region: config.Region(ctx), Filters: r.Input.Filters, LocationType: r.Input.LocationType,
		InstanceTypes: []string{}, LocationTypes: []string{}, Locations: []string{},
	}
	pages := ec2.NewDescribeInstanceTypeOfferingsPaginator(client, &ec2.DescribeInstanceTypeOfferingsInput{
		Filters:      filters(r.Input.Filters, nil, nil),
		LocationType: types.LocationType(aws.ToString(r.Input.LocationType)),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return infer.FunctionResponse[GetInstanceTypeOfferingsResult]{},
				failed("reading instance type offerings", "getInstanceTypeOfferings", err)
		}
		for _, offering := range page.InstanceTypeOfferings {
			result.InstanceTypes = append(result.InstanceTypes, string(offering.InstanceType))
			result.LocationTypes = append(result.LocationTypes, string(offering.LocationType))
			result.Locations = append(result.Locations, aws.ToString(offering.Location))
		}
	}
	return infer.FunctionResponse[GetInstanceTypeOfferingsResult]{Output: result}, nil
}
