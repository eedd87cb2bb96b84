// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/inspect/layer_metrics.h"

#include <QTimer>
#include <QWidget>

class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QToolButton;
class QTreeView;

namespace bwla::ui {

class Card;
class LayerMap;
class LayerOrder;
class LayerTree;
class Theme;

/// Chooses a layer: a map of all by a metric, and a tree with numbers, both from what is known so
/// far.
class LayerPanel : public QWidget {
    Q_OBJECT

public:
    explicit LayerPanel(Theme& theme, QWidget* parent = nullptr);

    /// `kept`: of the layers, those in float.
    void open(const std::vector<LayerId>& layers, const std::vector<LayerId>& kept,
              const std::vector<BlockReport>& reports);
    void add(const LayerSurvey& survey);
    /// Chooses and shows a layer; chosen() tells.
    void choose(const LayerId& layer);
    void step(int layers);
    [[nodiscard]] std::optional<LayerId> current() const { return current_; }
    [[nodiscard]] const LayerFacts& facts() const { return facts_; }
    void setMetric(LayerMetric metric);
    [[nodiscard]] LayerMetric metric() const;
    void nextMetric();
    void expandAll();
    /// Pins the layer in view, to compare others with; the pinned one itself: no longer.
    void togglePin();
    void goToPinned();
    [[nodiscard]] std::optional<LayerId> pinned() const { return pinned_; }
    [[nodiscard]] QString pinText() const;
    void search();
    /// The tree's numbers, comma-separated.
    [[nodiscard]] QString csv() const;
    [[nodiscard]] QWidget* mapCard() const;
    [[nodiscard]] QTreeView* tree() const { return tree_; }

Q_SIGNALS:
    void chosen(const bwla::LayerId& layer);

private:
    void layOutMap(Theme& theme);
    void layOutTree(Theme& theme);
    void layOutSearch(Theme& theme);
    void setUpTree();
    void setColumnWidths(const Theme& theme);
    void offerColumns();
    void showCurrent();
    void showPin();
    void refresh();
    [[nodiscard]] std::optional<LayerId> worst() const;

    LayerFacts facts_;
    std::vector<LayerId> layers_;
    std::optional<LayerId> current_, pinned_;
    Card* mapCard_;
    Card* treeCard_;
    QComboBox* metric_;
    LayerMap* map_;
    LayerTree* model_;
    LayerOrder* order_;
    QTreeView* tree_;
    QLineEdit* search_;
    QLabel *worstText_, *pinText_;
    QPushButton* showWorst_;
    QToolButton *pin_, *chooseColumns_;
    QTimer refresh_; ///< the survey finishes layers faster than eyes follow
};

} // namespace bwla::ui
