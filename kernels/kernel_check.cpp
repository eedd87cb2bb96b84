// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/kernel_check.h"

#include "kernels/check_cases.h"

#include <algorithm>
#include <cmath>

namespace bwla {
namespace {

constexpr double tolerance = 1e-5;

std::string mismatch(std::size_t index, double got, double expected) {
    return "element " + std::to_string(index) + " is " + std::to_string(got) + ", its twin " +
           std::to_string(expected);
}

void compareExact(const CheckOutput& got, const CheckOutput& expected, KernelCheck& check) {
    for (std::size_t i = 0; i < expected.integers.size(); ++i) {
        const double difference = std::abs(double(got.integers[i]) - double(expected.integers[i]));
        if (difference > check.maxError) {
            check.maxError = difference;
            check.detail = mismatch(i, double(got.integers[i]), double(expected.integers[i]));
        }
    }
}

void compareFloats(const CheckOutput& got, const CheckOutput& expected, KernelCheck& check) {
    double largest = 0;
    for (const float value : expected.floats)
        largest = std::max(largest, std::abs(double{value}));
    for (std::size_t i = 0; i < expected.floats.size(); ++i) {
        const double error =
            std::abs(double{got.floats[i]} - expected.floats[i]) / std::max(largest, 1e-30);
        if (!(error <= check.maxError)) { // NaN is an error too
            check.maxError = error;
            if (!(error <= tolerance))
                check.detail = mismatch(i, got.floats[i], expected.floats[i]);
        }
    }
}

} // namespace

KernelCheck checkKernel(const Kernel& kernel, const CheckShape& shape) {
    KernelCheck check{std::string(kernel.name), std::string(levelName(kernel.level)), false, 0, {}};
    const CheckOutput got = runCheckCase(kernel, shape);
    const CheckOutput expected = runCheckCase(scalarTwin(kernel.verb, kernel.kind), shape);
    if (got.integers.size() != expected.integers.size() ||
        got.floats.size() != expected.floats.size())
        check.detail = "sizes differ";
    else if (!got.guardIntact)
        check.detail = "writes past its output";
    else {
        compareExact(got, expected, check);
        compareFloats(got, expected, check);
    }
    check.ok = check.detail.empty();
    return check;
}

} // namespace bwla
