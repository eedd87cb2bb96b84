// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/inspect/inspect_reader.h"
#include "ui/widgets/card.h"

class QComboBox;
class QSlider;
class QSpinBox;
class QTableView;

namespace bwla::ui {

class Plot;
class StageTable;
class Theme;

/// The hero: histograms of one channel at every stage, what the channel is, and its numbers.
class ChannelCard : public Card {
    Q_OBJECT

public:
    explicit ChannelCard(Theme& theme, QWidget* parent = nullptr);

    void setLayer(const OpenedLayer& layer);
    void setChannel(const OpenedChannel& channel);
    /// Chooses a channel, which is asked for by channelChosen.
    void choose(std::int64_t channel);
    [[nodiscard]] std::int64_t channel() const;
    [[nodiscard]] RowUnits units() const;
    void toggleUnits();
    [[nodiscard]] Plot& plot() const { return *plot_; }
    /// Says that the picture is older than the choice.
    void setReading();

Q_SIGNALS:
    void channelChosen();
    void worstWanted();

private:
    void layOut();

    Theme& theme_;
    Plot* plot_;
    QComboBox* units_;
    QSlider* slider_;
    QSpinBox* number_;
    QLabel* count_;
    QLabel* sentence_;
    StageTable* stages_;
    QTableView* table_;
    QString detail_;
};

} // namespace bwla::ui
