// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/inspect/inspect_reader.h"
#include "ui/widgets/card.h"

class QComboBox;
class QStackedWidget;

namespace bwla::ui {

class ColourScale;
class Plot;
class Theme;

/// The layer's input before and after the rotation: tokens x channels as colours on one scale, or
/// the largest value of every channel.
class ActivationMapCard : public Card {
    Q_OBJECT

public:
    explicit ActivationMapCard(Theme& theme, QWidget* parent = nullptr);
    void setLayer(const OpenedLayer& layer);

private:
    void addTools(Theme& theme);

    QComboBox* kind_;
    QStackedWidget* pages_;
    QLabel* afterTitle_;
    QLabel* beforeText_;
    QLabel* afterText_;
    Plot* before_;
    Plot* after_;
    ColourScale* scale_;
    Plot* maxima_;
};

/// Share of values above a size, log scale, and the largest values in numbers.
class TailCard : public Card {
    Q_OBJECT

public:
    explicit TailCard(Theme& theme, QWidget* parent = nullptr);
    void setLayer(const OpenedLayer& layer);

private:
    Plot* plot_;
    QWidget* numbers_;
    QLabel* peakBefore_;
    QLabel* peakAfter_;
    QLabel* largestBefore_;
    QLabel* largestAfter_;
};

} // namespace bwla::ui
