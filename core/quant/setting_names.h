// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the choices of a quantization are called on the command line and in recipes.
#pragma once

#include "core/quant/quantize_settings.h"

#include <array>
#include <optional>
#include <string_view>

namespace bwla {

template<class Choice>
struct NamedChoice {
    const char* name;
    Choice choice;
};

template<class Choice>
inline constexpr std::array<NamedChoice<Choice>, 0> choices{};
template<>
inline constexpr std::array<NamedChoice<RotationKind>, 4> choices<RotationKind>{
    {{"okt", RotationKind::learned},
     {"random", RotationKind::random},
     {"hadamard", RotationKind::hadamard},
     {"none", RotationKind::none}}};
template<>
inline constexpr std::array<NamedChoice<OktMode>, 2> choices<OktMode>{
    {{"soft", OktMode::soft}, {"hard", OktMode::hard}}};
template<>
inline constexpr std::array<NamedChoice<OktStart>, 2> choices<OktStart>{
    {{"random", OktStart::random}, {"identity", OktStart::identity}}};
template<>
inline constexpr std::array<NamedChoice<OktObjective>, 3> choices<OktObjective>{
    {{"weights", OktObjective::weights},
     {"outputs", OktObjective::outputs},
     {"inputs", OktObjective::inputs}}};
template<>
inline constexpr std::array<NamedChoice<Metric>, 2> choices<Metric>{
    {{"h", Metric::activation}, {"plain", Metric::plain}}};
template<>
inline constexpr std::array<NamedChoice<FactorRule>, 2> choices<FactorRule>{
    {{"equal", FactorRule::equal}, {"wide", FactorRule::wide}}};
template<>
inline constexpr std::array<NamedChoice<Refinement>, 3> choices<Refinement>{
    {{"none", Refinement::none}, {"scales", Refinement::scales}, {"signs", Refinement::signs}}};

template<class Choice>
[[nodiscard]] constexpr const char* nameOf(Choice choice) {
    for (const auto& named : choices<Choice>)
        if (named.choice == choice)
            return named.name;
    return "";
}

template<class Choice>
[[nodiscard]] constexpr std::optional<Choice> choiceNamed(std::string_view name) {
    for (const auto& named : choices<Choice>)
        if (named.name == name)
            return named.choice;
    return std::nullopt;
}

} // namespace bwla
