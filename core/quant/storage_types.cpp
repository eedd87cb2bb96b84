// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/storage_types.h"

#include "kernels/host_linear.h"

#include <bit>
#include <cstring>

namespace bwla {
namespace {

constexpr std::int64_t wordBits = 32;

/// 1, 2, 4 .. 2^30, -2^31: the sum of some of them is the word with these bits.
at::Tensor bitsOfWord(const at::Device& device) {
    std::vector<std::int32_t> bits;
    for (int i = 0; i < wordBits; ++i)
        bits.push_back(std::bit_cast<std::int32_t>(std::uint32_t{1} << i));
    return at::tensor(bits, at::kInt).to(device);
}

} // namespace

at::Tensor fromHalves(const std::vector<std::uint16_t>& bits) {
    return at::from_blob(const_cast<std::uint16_t*>(bits.data()),
                         {static_cast<std::int64_t>(bits.size())}, at::kHalf)
        .to(at::kFloat);
}

std::vector<std::uint16_t> halfBits(const at::Tensor& x) {
    const at::Tensor host = x.to(at::kCPU, at::kHalf).contiguous();
    std::vector<std::uint16_t> bits(static_cast<std::size_t>(host.numel()));
    std::memcpy(bits.data(), host.data_ptr(), bits.size() * sizeof(std::uint16_t));
    return bits;
}

at::Tensor roundToHalf(const at::Tensor& x) {
    return x.to(at::kHalf).to(x.scalar_type());
}

at::Tensor fromInt8(const std::vector<std::int8_t>& values, std::int64_t rows, std::int64_t cols) {
    return at::from_blob(const_cast<std::int8_t*>(values.data()), {rows, cols}, at::kChar)
        .to(at::kFloat);
}

std::vector<std::int8_t> int8Values(const at::Tensor& x) {
    const at::Tensor host = x.to(at::kCPU, at::kChar).contiguous();
    const auto* data = host.data_ptr<std::int8_t>();
    return {data, data + host.numel()};
}

at::Tensor unpackSigns(const std::vector<std::uint32_t>& packed, std::int64_t rows,
                       std::int64_t cols, const std::string& device) {
    const std::int64_t words = HostLinear::wordsPerRow(cols);
    if (device != "cpu") {
        const at::Tensor bits =
            at::from_blob(const_cast<std::uint32_t*>(packed.data()), {rows, words, 1}, at::kInt)
                .to(at::Device(device))
                .bitwise_and(bitsOfWord(at::Device(device)));
        const at::Tensor set = bits.ne(0).view({rows, words * wordBits}).narrow(1, 0, cols);
        return set.to(at::kFloat).mul_(2.0).sub_(1.0);
    }
    at::Tensor signs = at::empty({rows, cols}, at::kFloat);
    float* out = signs.data_ptr<float>();
    for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < cols; ++j)
            *out++ = (packed[i * words + j / 32] >> (j % 32) & 1U) != 0U ? 1.0F : -1.0F;
    return signs;
}

std::vector<std::uint32_t> packSigns(const at::Tensor& signs) {
    const std::int64_t rows = signs.size(0), cols = signs.size(1);
    const std::int64_t words = HostLinear::wordsPerRow(cols);
    std::vector<std::uint32_t> packed(static_cast<std::size_t>(rows * words), 0U);
    if (!signs.is_cpu()) {
        const at::Tensor set = at::constant_pad_nd(signs > 0, {0, words * wordBits - cols});
        const at::Tensor whole =
            at::where(set.view({rows, words, wordBits}), bitsOfWord(signs.device()), 0)
                .sum(-1, false, at::kInt)
                .cpu();
        std::memcpy(packed.data(), whole.data_ptr(), packed.size() * sizeof(packed.front()));
        return packed;
    }
    const at::Tensor host = (signs > 0).to(at::kByte).contiguous();
    const auto* bit = host.data_ptr<std::uint8_t>();
    for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < cols; ++j, ++bit)
            packed[i * words + j / 32] |= static_cast<std::uint32_t>(*bit) << (j % 32);
    return packed;
}

Int8::Int8(const at::Tensor& x, int dim)
    : scale(roundToHalf((std::get<0>(x.abs().max(dim, true)) / 127.0).clamp_min(6.2e-5))) {
    values = at::round(x / scale).clamp(-127, 127);
}

} // namespace bwla
