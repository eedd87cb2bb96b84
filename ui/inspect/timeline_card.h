// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/inspect/inspect_reader.h"
#include "ui/widgets/card.h"

#include <QTimer>

class QSlider;
class QToolButton;

namespace bwla::ui {

class Plot;
class Theme;

/// The rounds of the fit: a curve, and a handle that the histogram follows.
class TimelineCard : public Card {
    Q_OBJECT

public:
    explicit TimelineCard(Theme& theme, QWidget* parent = nullptr);

    void setRounds(const std::optional<FitRounds>& rounds);
    /// Index into FitRounds::rounds; -1 = as stored, the last position.
    [[nodiscard]] int round() const;
    void step(int by);
    void togglePlay();
    [[nodiscard]] bool playing() const { return player_.isActive(); }

Q_SIGNALS:
    void roundChosen();

private:
    void layOut();
    void moved();
    void redraw();

    Theme& theme_;
    std::optional<FitRounds> rounds_;
    Plot* plot_;
    QSlider* slider_;
    QToolButton* back_;
    QToolButton* play_;
    QToolButton* forward_;
    QLabel* place_;
    QTimer player_;
};

} // namespace bwla::ui
