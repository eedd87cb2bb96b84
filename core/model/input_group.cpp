// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/input_group.h"

namespace bwla {
namespace {

constexpr std::array<std::string_view, 3> attnInLinears{"self_attn.q_proj", "self_attn.k_proj",
                                                        "self_attn.v_proj"};
constexpr std::array<std::string_view, 1> attnOutLinears{"self_attn.o_proj"};
constexpr std::array<std::string_view, 2> mlpInLinears{"mlp.gate_proj", "mlp.up_proj"};
constexpr std::array<std::string_view, 1> mlpOutLinears{"mlp.down_proj"};

constexpr std::array<InputGroup, groupCount> all{{
    {GroupKind::attnIn, "attn_in", attnInLinears},
    {GroupKind::attnOut, "attn_out", attnOutLinears},
    {GroupKind::mlpIn, "mlp_in", mlpInLinears},
    {GroupKind::mlpOut, "mlp_out", mlpOutLinears},
}};

} // namespace

const std::array<InputGroup, groupCount>& groups() {
    return all;
}

const InputGroup& group(GroupKind kind) {
    return all[static_cast<std::size_t>(kind)];
}

} // namespace bwla
