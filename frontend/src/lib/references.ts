/** Works to cite, by what of them a model version uses. */
export const REFERENCES = {
	adamw:
		"I. Loshchilov and F. Hutter, Decoupled weight decay regularization, ICLR 2019, arXiv:1711.05101",
	smoothing:
		"C. Szegedy et al., Rethinking the Inception architecture for computer vision, CVPR 2016, arXiv:1512.00567",
	extraTrees:
		"P. Geurts, D. Ernst and L. Wehenkel, Extremely randomized trees, Machine Learning 63 (2006) 3",
	nystroem:
		"C. Williams and M. Seeger, Using the Nyström method to speed up kernel machines, NIPS 2000",
	xgboost:
		"T. Chen and C. Guestrin, XGBoost: a scalable tree boosting system, KDD 2016, arXiv:1603.02754",
	shap: "S. M. Lundberg et al., From local explanations to global understanding with explainable AI for trees, Nature Machine Intelligence 2 (2020) 56, arXiv:1905.04610",
	temperature:
		"C. Guo et al., On calibration of modern neural networks, ICML 2017, arXiv:1706.04599",
	wilson: "E. B. Wilson, Probable inference, J. Am. Stat. Assoc. 22 (1927) 209",
	resnet: "K. He et al., Deep residual learning for image recognition, CVPR 2016, arXiv:1512.03385",
	confidentLearning:
		"C. G. Northcutt, L. Jiang and I. L. Chuang, Confident learning, J. Artif. Intell. Res. 70 (2021) 1373, arXiv:1911.00068",
	umap: "L. McInnes, J. Healy and J. Melville, UMAP, 2018, arXiv:1802.03426",
	parametricUmap:
		"T. Sainburg, L. McInnes and T. Q. Gentner, Parametric UMAP embeddings for representation and semisupervised learning, Neural Computation 33 (2021) 2881, arXiv:2009.12981",
	vae: "D. P. Kingma and M. Welling, Auto-encoding variational Bayes, ICLR 2014, arXiv:1312.6114",
	vicreg: "A. Bardes, J. Ponce and Y. LeCun, VICReg, ICLR 2022, arXiv:2105.04906",
	simclr:
		"T. Chen et al., A simple framework for contrastive learning of visual representations, ICML 2020, arXiv:2002.05709",
} as const;

export type Reference = keyof typeof REFERENCES;
