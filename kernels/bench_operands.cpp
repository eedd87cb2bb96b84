// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/bench_operands.h"

#include "kernels/operands.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace bwla {
namespace {

constexpr std::int64_t verifiedRows = 32; // in each of three places

struct FormatInfo {
    BenchFormat format;
    std::string_view name;
    WeightKind kind;
    int bits;
};

constexpr std::array<FormatInfo, 5> formats = {{
    {BenchFormat::f32, "f32", WeightKind::f32, 16},
    {BenchFormat::f16, "f16", WeightKind::f16, 16},
    {BenchFormat::q8, "q8", WeightKind::rowInt8, 16},
    {BenchFormat::w1a16, "w1a16", WeightKind::binary, 16},
    {BenchFormat::w1a6, "w1a6", WeightKind::binary, 6},
}};

const FormatInfo& infoOf(BenchFormat format) {
    return formats[static_cast<std::size_t>(format)];
}

template<class T>
void copyRows(const std::vector<T>& from, std::int64_t begin, std::int64_t count,
              std::int64_t perRow, std::vector<T>& to) {
    if (!from.empty())
        to.assign(from.begin() + begin * perRow, from.begin() + (begin + count) * perRow);
}

HostLinear someRows(const HostLinear& linear, std::int64_t begin, std::int64_t count) {
    HostLinear some;
    some.kind = linear.kind;
    some.rows = count;
    some.cols = linear.cols;
    copyRows(linear.f32, begin, count, linear.cols, some.f32);
    copyRows(linear.f16, begin, count, linear.cols, some.f16);
    copyRows(linear.int8, begin, count, linear.cols, some.int8);
    copyRows(linear.signs, begin, count, HostLinear::wordsPerRow(linear.cols), some.signs);
    copyRows(linear.scale, begin, count, 1, some.scale);
    return some;
}

} // namespace

std::vector<BenchFormat> benchFormats() {
    std::vector<BenchFormat> all(formats.size());
    std::ranges::transform(formats, all.begin(), &FormatInfo::format);
    return all;
}

std::string_view benchFormatName(BenchFormat format) {
    return infoOf(format).name;
}

WeightKind benchKind(BenchFormat format) {
    return infoOf(format).kind;
}

int benchBits(BenchFormat format) {
    return infoOf(format).bits;
}

BenchOperands::BenchOperands(const BenchCase& what)
    : linear(randomLinear(benchKind(what.format), what.rows, what.cols, 1)),
      x(randomFloats(what.cols * what.columns, 2)) {}

std::int64_t BenchOperands::weightBytes() const {
    return static_cast<std::int64_t>(4 * linear.f32.size() + 2 * linear.f16.size() +
                                     linear.int8.size() + 4 * linear.signs.size());
}

ExpectedRows::ExpectedRows(const BenchOperands& operands, const ExactProduct& exact)
    : rows_(operands.linear.rows),
      columns_(static_cast<std::int64_t>(operands.x.size()) / operands.linear.cols),
      count_(std::min(verifiedRows, rows_)) {
    for (const std::int64_t begin : {std::int64_t{0}, (rows_ - count_) / 2, rows_ - count_})
        blocks_.push_back({begin, exact(someRows(operands.linear, begin, count_))});
}

bool ExpectedRows::agree(std::span<const float> out, double tolerance) const {
    for (const Block& block : blocks_) {
        double largest = 0;
        double worst = 0;
        for (std::int64_t t = 0; t < columns_; ++t)
            for (std::int64_t i = 0; i < count_; ++i) {
                const double expected = block.values[static_cast<std::size_t>(t * count_ + i)];
                const double got = out[static_cast<std::size_t>(t * rows_ + block.begin + i)];
                largest = std::max(largest, std::abs(expected));
                const double error = std::abs(got - expected);
                worst = error <= worst ? worst : error; // NaN counts
            }
        if (!(worst <= tolerance * largest))
            return false;
    }
    return true;
}

void summarize(std::vector<double> times, bool cold, BenchResult& result) {
    std::ranges::sort(times);
    result.medianUs = times[times.size() / 2];
    result.us = cold ? result.medianUs : times.front();
    result.spread = (times[times.size() * 9 / 10] - times.front()) / result.us;
}

} // namespace bwla
