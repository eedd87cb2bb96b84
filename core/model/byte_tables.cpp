// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/byte_tables.h"

#include "core/model/row_int8.h"
#include "kernels/half.h"

#include <algorithm>
#include <utility>

namespace bwla {
namespace {

HostLinear inBytes(HostLinear table, const char* name) {
    if (table.kind == WeightKind::rowInt8)
        return table;
    std::vector<float> values = std::move(table.f32);
    if (table.kind == WeightKind::f16) {
        values.resize(table.f16.size());
        std::ranges::transform(table.f16, values.begin(), halfToFloat);
    }
    RowInt8 rounded = roundRows(values, table.cols, name);
    HostLinear bytes;
    bytes.kind = WeightKind::rowInt8;
    bytes.rows = table.rows;
    bytes.cols = table.cols;
    bytes.int8 = std::move(rounded.values);
    bytes.scale.resize(rounded.scale.size());
    std::ranges::transform(rounded.scale, bytes.scale.begin(), halfToFloat);
    return bytes;
}

} // namespace

HostLinear ByteTables::embedding() const {
    return inBytes(weights_.embedding(), "the embedding");
}

HostLinear ByteTables::head() const {
    return inBytes(weights_.head(), "the head");
}

} // namespace bwla
