// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/cuda/eight_values.cuh"

namespace bwla::gpu {

/// The largest logit so far and the sum of exp(logit - largest).
struct LogSum {
    float most, sum;
    __device__ void add(const Eight& x) {
        float larger = most;
#pragma unroll
        for (int k = 0; k < width; ++k)
            larger = fmaxf(larger, x.v[k]);
        sum *= __expf(most - larger);
        most = larger;
#pragma unroll
        for (int k = 0; k < width; ++k)
            sum += __expf(x.v[k] - most);
    }
    __device__ void merge(const LogSum& other) {
        const float larger = fmaxf(most, other.most);
        sum = sum * __expf(most - larger) + other.sum * __expf(other.most - larger);
        most = larger;
    }
    __device__ float value() const {
        return most + __logf(sum);
    }
};

} // namespace bwla::gpu
