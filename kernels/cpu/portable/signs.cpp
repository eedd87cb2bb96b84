// SPDX-License-Identifier: GPL-3.0-or-later
//
// Signs by table in plain C++: the 16 possible sums of 4 activations, looked up by 4 signs at a
// time, a quarter of the additions of the scalar twin. Sign words in the order of the file.
#include "kernels/cpu/portable/signs.h"

#include <array>

namespace bwla::portable {
namespace {

constexpr std::int64_t tableSize = 16;
constexpr std::int64_t groupsPerWord = 8;

std::int64_t tableElements(std::int64_t cols) {
    return HostLinear::wordsPerRow(cols) * groupsPerWord * tableSize;
}

template<class Sum>
std::size_t encodedBytes(std::int64_t cols, int /*bits*/, int rows) {
    return static_cast<std::size_t>(rows * tableElements(cols)) * sizeof(Sum);
}

/// table[n] = sum over bits i of n of plus[i] where set, minus[i] where not.
template<class Sum, class Value>
void fillTable(const std::array<Value, 4>& plus, const std::array<Value, 4>& minus, Sum* table) {
    for (std::size_t n = 0; n < tableSize; ++n) {
        table[n] = 0;
        for (std::size_t i = 0; i < 4; ++i)
            table[n] = static_cast<Sum>(table[n] + ((n >> i & 1) != 0 ? plus[i] : minus[i]));
    }
}

void encodeQuantized(const Activations& x, int rowBegin, int rowEnd, std::byte* encoded) {
    const std::int64_t size = tableElements(x.cols);
    for (int row = rowBegin; row < rowEnd; ++row) {
        auto* tables = reinterpret_cast<std::uint16_t*>(encoded) + row * size;
        const std::uint8_t* q = x.q + row * x.stride;
        for (std::int64_t group = 0; group < size / tableSize; ++group, q += 4)
            fillTable<std::uint16_t, int>({q[0], q[1], q[2], q[3]}, {}, tables + group * tableSize);
    }
}

void encodeFloat(const Activations& x, int rowBegin, int rowEnd, std::byte* encoded) {
    const std::int64_t size = tableElements(x.cols);
    for (int row = rowBegin; row < rowEnd; ++row) {
        float* tables = reinterpret_cast<float*>(encoded) + row * size;
        const float* v = x.x + row * x.stride;
        for (std::int64_t group = 0; group < size / tableSize; ++group, v += 4)
            fillTable<float, float>({v[0], v[1], v[2], v[3]}, {-v[0], -v[1], -v[2], -v[3]},
                                    tables + group * tableSize);
    }
}

template<class Element, class Sum>
Sum lookUpRow(const std::uint32_t* signs, std::int64_t words, const Element* table) {
    std::array<Sum, groupsPerWord> sums{}; // one chain of additions a group hides their latency
    for (std::int64_t w = 0; w < words; ++w, table += groupsPerWord * tableSize)
        for (std::size_t group = 0; group < groupsPerWord; ++group)
            sums[group] += table[group * tableSize + (signs[w] >> (4 * group) & 15U)];
    Sum total = 0;
    for (const Sum sum : sums)
        total += sum;
    return total;
}

template<class Element, class Sum>
void sums(const PackedLinear& weight, const Activations& x, const std::byte* encoded,
          std::int64_t begin, std::int64_t end, void* out, std::int64_t ld) {
    const auto* signs = static_cast<const std::uint32_t*>(weight.weights);
    const auto* tables = reinterpret_cast<const Element*>(encoded);
    for (int row = 0; row < x.rows; ++row)
        for (std::int64_t i = begin; i < end; ++i)
            static_cast<Sum*>(out)[row * ld + i - begin] = lookUpRow<Element, Sum>(
                signs + i * weight.stride, weight.stride, tables + row * tableElements(x.cols));
}

} // namespace

const LinearKernel signsQuantized = {Layout::rowMajor, encodedBytes<std::uint16_t>, encodeQuantized,
                                     sums<std::uint16_t, std::int32_t>};
const LinearKernel signsFloat = {Layout::rowMajor, encodedBytes<float>, encodeFloat,
                                 sums<float, float>};

} // namespace bwla::portable
