// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/rotation.h"

#include "core/error.h"
#include "core/quant/hadamard.h"
#include "core/quant/procrustes.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

namespace bwla {
namespace {

at::ScalarType scalarType(Precision precision) {
    return precision == Precision::f64 ? at::kDouble : at::kFloat;
}

at::TensorOptions factorOptions(const std::string& device, Precision precision) {
    return at::TensorOptions().dtype(scalarType(precision)).device(at::Device(device));
}

Matrix fromDoubles(const std::vector<double>& values, std::int64_t size,
                   const at::TensorOptions& options) {
    const at::Tensor host =
        at::from_blob(const_cast<double*>(values.data()), {size, size}, at::kDouble);
    return Matrix(host.to(options.device(), c10::typeMetaToScalarType(options.dtype()),
                          /*non_blocking=*/false, /*copy=*/true));
}

Matrix randomFactor(int size, at::Generator& generator, const at::TensorOptions& options) {
    const at::Tensor gaussian = at::randn({size, size}, generator, at::kDouble);
    const double* data = gaussian.data_ptr<double>();
    return fromDoubles(procrustes({data, static_cast<std::size_t>(gaussian.numel())}, size), size,
                       options);
}

Matrix hadamardFactor(int size, at::Generator& generator, const at::TensorOptions& options) {
    const std::vector<std::int8_t> matrix = hadamardMatrix(size);
    if (matrix.empty())
        throw Error(ErrorCode::badArgument)
            .because("No Hadamard matrix of order " + std::to_string(size) +
                     " is known: use --rotation random, or other --factors.");
    const at::Tensor signs = at::randint(0, 2, {size}, generator, at::kDouble) * 2.0 - 1.0;
    std::vector<double> values(matrix.size());
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<double>(matrix[i]) / std::sqrt(static_cast<double>(size)) *
                    signs.data_ptr<double>()[i / static_cast<std::size_t>(size)];
    return fromDoubles(values, size, options);
}

Matrix inverseTransposeFactor(const Matrix& factor) {
    const at::Tensor transposed = factor.tensor().t().contiguous();
    return fromDoubles(inverse(Matrix(transposed).toHostF64(), factor.rows()), factor.rows(),
                       factor.tensor().options());
}

} // namespace

Matrix rotateRows(const Matrix& x, const KroneckerRotation& r) {
    const std::int64_t k = x.rows(), a = r.r1.rows(), b = r.r2.rows();
    const at::Tensor right = at::matmul(x.tensor().reshape({k * a, b}), r.r2.tensor());
    const at::Tensor swapped = right.view({k, a, b}).transpose(1, 2).reshape({k * b, a});
    const at::Tensor left = at::matmul(swapped, r.r1.tensor());
    return Matrix(left.view({k, b, a}).transpose(1, 2).reshape({k, a * b}));
}

Matrix rotateMoment(const Matrix& h, const KroneckerRotation& r) {
    const Matrix half(rotateRows(h, r).tensor().t().contiguous());
    const at::Tensor full = rotateRows(half, r).tensor();
    return Matrix((full + full.t()) * 0.5);
}

KroneckerRotation inverseTranspose(const KroneckerRotation& r) {
    return {inverseTransposeFactor(r.r1), inverseTransposeFactor(r.r2)};
}

KroneckerRotation randomRotation(int m1, int m2, std::uint64_t seed, const std::string& device,
                                 Precision precision) {
    at::Generator generator = at::detail::createCPUGenerator(seed);
    const auto options = factorOptions(device, precision);
    Matrix r1 = randomFactor(m1, generator, options);
    return {r1, randomFactor(m2, generator, options)};
}

KroneckerRotation hadamardRotation(int m1, int m2, std::uint64_t seed, const std::string& device,
                                   Precision precision) {
    at::Generator generator = at::detail::createCPUGenerator(seed);
    const auto options = factorOptions(device, precision);
    Matrix r1 = hadamardFactor(m1, generator, options);
    return {r1, hadamardFactor(m2, generator, options)};
}

KroneckerRotation identityRotation(int m1, int m2, const std::string& device, Precision precision) {
    const auto options = factorOptions(device, precision);
    return {Matrix(at::eye(m1, options)), Matrix(at::eye(m2, options))};
}

StoredFactor storeFactor(const Matrix& factor) {
    const std::vector<float> values = factor.toHost();
    float largest = 0.0F;
    for (const float v : values)
        largest = std::max(largest, std::abs(v));
    StoredFactor stored;
    stored.size = factor.rows();
    stored.scale = largest / 127.0F;
    stored.values.reserve(values.size());
    for (const float v : values)
        stored.values.push_back(static_cast<std::int8_t>(std::lrint(v / stored.scale)));
    return stored;
}

Matrix loadFactor(const StoredFactor& factor, const std::string& device, Precision precision) {
    std::vector<float> values;
    values.reserve(factor.values.size());
    for (const std::int8_t v : factor.values)
        values.push_back(static_cast<float>(v) * factor.scale);
    return Matrix::fromHost(factor.size, factor.size, values, device, precision);
}

} // namespace bwla
