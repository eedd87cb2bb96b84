// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/torch_block.h"

#include "core/quant/cpu_ops.h"
#include "core/quant/fused_ops.h"

#include <array>
#include <cmath>
#include <limits>

namespace bwla {
namespace {

// Queries that are handled at once: the causal triangle is cut in strips, so that half of the
// products are never made and the scores of a 2048-token window stay below 20 MB.
constexpr std::int64_t queriesAtOnce = 256;

/// Scores of one strip: q (groups, heads per group * strip, headDim), k (groups, keys, headDim).
at::Tensor causalSoftmax(at::Tensor scores, std::int64_t first, std::int64_t strip,
                         std::int64_t keys) {
    if (runsOnRows(scores) && !scores.requires_grad() && scores.is_contiguous()) {
        rowsCausalSoftmax(scores);
        return scores;
    }
    constexpr float never = -std::numeric_limits<float>::infinity();
    // Not of the scores' type: bfloat16 counts to 256.
    const auto positions = [&](std::int64_t from, std::int64_t to) {
        return at::arange(from, to, scores.options().dtype(at::kLong));
    };
    const at::Tensor row = positions(first, keys).unsqueeze(1);
    if (scores.requires_grad())
        return at::softmax(scores.masked_fill(positions(0, keys) > row, never), -1);
    scores.narrow(-1, first, strip).masked_fill_(positions(first, keys) > row, never);
    return at::softmax(scores, -1);
}

} // namespace

at::Tensor rmsNorm(const at::Tensor& x, const at::Tensor& gain, double epsilon) {
    if (runsOnRows(x))
        return rowsNorm(x, gain, epsilon);
    if (x.scalar_type() != at::kFloat) {
#if __has_include(<ATen/ops/rms_norm.h>) // one kernel since 2.4
        return at::rms_norm(x, {x.size(-1)}, gain.to(x.scalar_type()), epsilon);
#else
        return rmsNorm(x.to(at::kFloat), gain, epsilon).to(x.scalar_type());
#endif
    }
    return x * at::rsqrt(x.square().mean(-1, true) + epsilon) * gain;
}

RotaryTable::RotaryTable(const ModelConfig& config, std::int64_t positions,
                         const at::TensorOptions& options) {
    const at::Tensor frequency = at::tensor(config.inverseFrequencies, at::kFloat);
    const at::Tensor angle =
        at::arange(positions, at::TensorOptions().dtype(at::kFloat)).unsqueeze(1) * frequency;
    cos = angle.cos().to(options);
    sin = angle.sin().to(options);
}

at::Tensor rotate(const at::Tensor& x, const RotaryTable& table, std::int64_t first) {
    const std::int64_t half = x.size(-1) / 2;
    const at::Tensor cos = table.cos.narrow(0, first, x.size(-2)),
                     sin = table.sin.narrow(0, first, x.size(-2));
    const at::Tensor a = x.narrow(-1, 0, half), b = x.narrow(-1, half, half);
    return at::cat({a * cos - b * sin, b * cos + a * sin}, -1);
}

at::Tensor attention(const at::Tensor& qkv, const ModelConfig& config, const RotaryTable& table) {
    const std::int64_t windows = qkv.size(0), tokens = qkv.size(1), hd = config.headDim;
    const std::int64_t groups = config.kvHeads, perGroup = config.heads / groups;
    const std::int64_t qCols = config.heads * hd, kvCols = groups * hd;
    const auto heads = [&](std::int64_t start, std::int64_t cols) {
        return qkv.narrow(2, start, cols).view({windows, tokens, cols / hd, hd}).transpose(1, 2);
    };
#if __has_include(<ATen/ops/scaled_dot_product_attention.h>)
    if (qkv.is_cuda() && qkv.scalar_type() != at::kFloat) {
        std::array<at::Tensor, 3> parts;
        if (fusable(qkv) && hd % 16 == 0) {
            parts = fusedHeads(qkv, config, table);
            for (at::Tensor& part : parts)
                part = part.transpose(1, 2);
        } else {
            parts = {rotate(heads(0, qCols), table, 0), rotate(heads(qCols, kvCols), table, 0),
                     heads(qCols + kvCols, kvCols)};
        }
        return at::scaled_dot_product_attention(parts[0], parts[1], parts[2], {}, 0.0,
                                                /*is_causal=*/true, {},
                                                /*enable_gqa=*/groups != config.heads)
            .transpose(1, 2)
            .reshape({windows, tokens, qCols});
    }
#endif
    const double scale = 1.0 / std::sqrt(static_cast<double>(hd));
    const at::Tensor q =
        (rotate(heads(0, qCols), table, 0) * scale).view({windows, groups, perGroup, tokens, hd});
    const at::Tensor k = rotate(heads(qCols, kvCols), table, 0).transpose(2, 3).contiguous();
    const at::Tensor v = heads(qCols + kvCols, kvCols).contiguous();
    std::vector<at::Tensor> strips;
    for (std::int64_t first = 0; first < tokens; first += queriesAtOnce) {
        const std::int64_t strip = std::min(queriesAtOnce, tokens - first), keys = first + strip;
        const at::Tensor part =
            q.narrow(3, first, strip).reshape({windows, groups, perGroup * strip, hd});
        const at::Tensor scores =
            at::matmul(part, k.narrow(3, 0, keys)).view({windows, groups, perGroup, strip, keys});
        const at::Tensor weights = causalSoftmax(scores, first, strip, keys)
                                       .view({windows, groups, perGroup * strip, keys});
        strips.push_back(
            at::matmul(weights, v.narrow(2, 0, keys)).view({windows, groups, perGroup, strip, hd}));
    }
    return at::cat(strips, 3)
        .view({windows, config.heads, tokens, hd})
        .transpose(1, 2)
        .reshape({windows, tokens, qCols});
}

at::Tensor gatedUnit(const at::Tensor& gateUp) {
    if (fusable(gateUp) && gateUp.size(-1) % 16 == 0)
        return fusedGatedUnit(gateUp);
    if (runsOnRows(gateUp))
        return rowsGatedUnit(gateUp);
    const std::vector<at::Tensor> halves = gateUp.chunk(2, -1);
    return at::silu(halves[0]) * halves[1];
}

at::Tensor decoderBlock(const at::Tensor& x, const at::Tensor& attnNorm, const at::Tensor& mlpNorm,
                        const ModelConfig& config, const RotaryTable& table,
                        const GroupLinear& linear) {
    const std::int64_t windows = x.size(0), tokens = x.size(1);
    const auto rows = [](const at::Tensor& t) { return t.reshape({-1, t.size(-1)}); };
    const auto unflat = [&](const at::Tensor& t) { return t.view({windows, tokens, t.size(1)}); };
    const at::Tensor qkv =
        unflat(linear(GroupKind::attnIn, rows(rmsNorm(x, attnNorm, config.normEpsilon))));
    const at::Tensor middle =
        x + unflat(linear(GroupKind::attnOut, rows(attention(qkv, config, table))));
    const at::Tensor gateUp =
        linear(GroupKind::mlpIn, rows(rmsNorm(middle, mlpNorm, config.normEpsilon)));
    return middle + unflat(linear(GroupKind::mlpOut, gatedUnit(gateUp)));
}

} // namespace bwla
