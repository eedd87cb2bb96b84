// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_source.h"

#include <cstdint>

namespace bwla {

/// The token that a text begins after: the document separator; a model without one starts with its
/// begin token.
[[nodiscard]] std::int32_t startOfText(const TokenizerData& data);

} // namespace bwla
